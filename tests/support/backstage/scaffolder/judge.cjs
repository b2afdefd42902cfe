// node judge.cjs < {"schema": …, "values": [{…}, …]}
//
// Prints what Backstage's scaffolder says of each value: {"<field>": ["<message>", …]}.
'use strict';
const { createRequire } = require('node:module');

// The one that the scaffolder has, wherever npm has put it.
const backend = require.resolve('@backstage/plugin-scaffolder-backend');
const { validate } = createRequire(backend)('jsonschema');

const { schema, values } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const said = values.map(value => {
  const fields = {};
  for (const error of validate(value, schema).errors) {
    (fields[error.path[0] ?? error.argument] ??= []).push(error.message);
  }
  return fields;
});
process.stdout.write(JSON.stringify(said));
