// node judge.cjs < {"schema": …, "values": [{…}, …]}
//
// Prints what Backstage's form says of each value: {"<field>": ["<message>", …]}.
// It is the validator of its page: rjsf's, with ajv-errors.
'use strict';
const { customizeValidator } = require('@rjsf/validator-ajv8');
const ajvErrors = require('ajv-errors');

const validator = (customizeValidator.default ?? customizeValidator)();
(ajvErrors.default ?? ajvErrors)(validator.ajv);

const { schema, values } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const said = values.map(value => {
  const { errors, validationError } = validator.rawValidation(schema, value);
  if (validationError) throw validationError;
  const fields = {};
  for (const error of errors ?? []) {
    const field = error.instancePath.split('/')[1] ?? error.params.missingProperty ?? '';
    (fields[field] ??= []).push(error.message);
  }
  return fields;
});
process.stdout.write(JSON.stringify(said));
