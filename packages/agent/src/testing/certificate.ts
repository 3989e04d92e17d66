import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** A certificate and its key, both PEM, and with what it can issue others. */
export type TestCertificate = { cert: string; key: string; issuer: Issuer };
type Issuer = { name: Buffer; privateKey: KeyObject };

/** A self-signed certificate for a test, and its key, both PEM. */
export function selfSigned(commonName: string): TestCertificate {
  return certificate({ commonName });
}

/** A certificate for a test; signed by itself without an issuer. It may issue others. */
export function certificate({
  commonName,
  names = [],
  from = new Date("2020-01-01"),
  to = new Date("2049-12-31"),
  issuer,
}: {
  commonName: string;
  /** DNS names, beside or instead of the common one. */
  names?: string[];
  from?: Date;
  to?: Date;
  issuer?: Issuer;
}): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const nameType = Buffer.from("0603550403", "hex");
  const name = der(0x30, der(0x31, der(0x30, nameType, der(0x0c, Buffer.from(commonName)))));
  const signer = issuer ?? { name, privateKey };
  const validity = der(0x30, der(0x17, utcTime(from)), der(0x17, utcTime(to)));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.from([1]));
  const subjectKey = publicKey.export({ type: "spki", format: "der" });
  const extensions = der(0xa3, der(0x30, ...extensionsOf(names)));
  const content = der(0x30, version, serial, ecdsaWithSha256, signer.name, validity, name, subjectKey, extensions);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", content, signer.privateKey));
  const whole = der(0x30, content, ecdsaWithSha256, signature);
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    issuer: { name, privateKey },
  };
}

/** That it may issue others, and its names. */
function extensionsOf(names: string[]): Buffer[] {
  const isAuthority = der(0x30, Buffer.from("0603551d13", "hex"), der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))));
  if (names.length === 0) return [isAuthority];
  const alternatives = der(0x30, ...names.map((name) => der(0x82, Buffer.from(name))));
  return [isAuthority, der(0x30, Buffer.from("0603551d11", "hex"), der(0x04, alternatives))];
}

function utcTime(date: Date): Buffer {
  return Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-T:]/g, "")}Z`);
}

/** A value of ASN.1 in its distinguished encoding: tag, length, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const length = bytes.length < 128 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
}
