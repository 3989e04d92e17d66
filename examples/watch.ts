// A controller in a few lines: agents connect to it, it prints what happens on their hosts, and restarts what gives up.
// In the configuration of an agent: controllers: [{url: "ws://127.0.0.1:7400", token: secret, commands: ["service.*"]}]
import { Controller, fileStore, tokens } from "@ostler/sdk";

const controller = await Controller.listen({
  port: Number(process.env.PORT ?? 7400),
  auth: tokens({ "node-a": process.env.NODE_A_TOKEN ?? "secret" }),
  store: fileStore(process.env.STORE ?? "./events"),
});
process.once("SIGINT", () => void controller[Symbol.asyncDispose]());
console.log(`waiting for agents on port ${controller.port}`);

for await (const { host, event } of controller.events({
  types: ["ostler.service.*", "ostler.check.*"],
  from: "stored",
})) {
  console.log(host.name, event.time, event.type, event.subject ?? "");
  if (event.type !== "ostler.service.gave-up" || !host.connected) continue;
  const { service } = event.data as { service: string };
  await host.run("service.restart", { service }, { reason: "watch.ts saw it give up", timeout: "30s" });
}
