// Seals values for a namespace, as the package does. In: {"certificate": PEM of the public key,
// "namespace": ..., "values": {name: text}}. Out: {name: sealed}.
const { encryptSecretItem } = require("@linode/kubeseal-encrypt");
const { readFileSync } = require("node:fs");

async function main() {
  const { certificate, namespace, values } = JSON.parse(readFileSync(0, "utf8"));
  const sealed = {};
  for (const [name, text] of Object.entries(values)) {
    sealed[name] = await encryptSecretItem(certificate, namespace, text);
  }
  process.stdout.write(JSON.stringify(sealed));
}

main();
