/** Real certificates, made anew for each test run: an authority, and what it signs. X.509 v3 with P-256 keys. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import net from "node:net";

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
}

export interface Authority extends Certificate {
  /** Signs a certificate for host names and IP addresses. */
  issue(names: string[], validity?: { from?: Date; to?: Date }): Certificate;
}

const DAY_MS = 86_400_000;

export function certificateAuthority(name = "Test authority"): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  return {
    ...pem(certificate(issuer, name, keys.publicKey, [basicConstraints(true)]), keys.privateKey),
    issue(names, { from = new Date(Date.now() - DAY_MS), to = new Date(Date.now() + DAY_MS) } = {}) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const extensions = [basicConstraints(false), alternativeNames(names)];
      return pem(certificate(issuer, names[0]!, publicKey, extensions, from, to), privateKey);
    },
  };
}

function certificate(
  issuer: { name: string; key: KeyObject },
  subject: string,
  publicKey: KeyObject,
  extensions: Buffer[],
  from = new Date(Date.now() - DAY_MS),
  to = new Date(Date.now() + DAY_MS),
): Buffer {
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const toBeSigned = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    commonName(issuer.name),
    sequence(time(from), time(to)),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(toBeSigned, algorithm, bits(sign("sha256", toBeSigned, issuer.key)));
}

function basicConstraints(isAuthority: boolean): Buffer {
  const value = isAuthority ? sequence(tagged(0x01, Buffer.of(0xff))) : sequence();
  return sequence(oid("551d13"), tagged(0x01, Buffer.of(0xff)), tagged(0x04, value));
}

function alternativeNames(names: string[]): Buffer {
  const entries = names.map((name) =>
    net.isIPv4(name)
      ? tagged(0x87, Buffer.from(name.split(".").map(Number)))
      : tagged(0x82, Buffer.from(name)),
  );
  return sequence(oid("551d11"), tagged(0x04, sequence(...entries)));
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid("550403"), tagged(0x0c, Buffer.from(name)))));
}

function time(date: Date): Buffer {
  return tagged(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function bits(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const header =
    size < 0x80 ? [tag, size] : size < 0x100 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function pem(der: Buffer, key: KeyObject): Certificate {
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
