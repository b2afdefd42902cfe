// Opens sealed values as the controller does, with nothing but Node's own crypto.
// In: {"key": PEM, "label": ..., "values": {name: sealed}}. Out: {name: text or null}.
const { constants, createDecipheriv, privateDecrypt } = require("node:crypto");
const { readFileSync } = require("node:fs");

const { key, label, values } = JSON.parse(readFileSync(0, "utf8"));

function open(sealed) {
  const data = Buffer.from(sealed, "base64");
  const end = 2 + data.readUInt16BE(0);
  const session = privateDecrypt(
    {
      key,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: "sha256",
      oaepLabel: Buffer.from(label),
    },
    data.subarray(2, end),
  );
  const decipher = createDecipheriv("aes-256-gcm", session, Buffer.alloc(12));
  decipher.setAuthTag(data.subarray(-16));
  return Buffer.concat([decipher.update(data.subarray(end, -16)), decipher.final()]).toString();
}

const opened = {};
for (const [name, sealed] of Object.entries(values)) {
  try {
    opened[name] = open(sealed);
  } catch {
    opened[name] = null;
  }
}
process.stdout.write(JSON.stringify(opened));
