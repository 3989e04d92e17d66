import { testDisk } from "../testing/disk-contract.js";
import { memoryDisk } from "./memory-disk.js";

testDisk("a disk in memory", memoryDisk);
