// node dispatch.cjs API < INPUT
//
// Lets Backstage's action start a workflow at the API, with the input that a step has for it.
// Prints the action's schema of such an input.
'use strict';
const { ConfigReader } = require('@backstage/config');
const { ScmIntegrations } = require('@backstage/integration');
const { createGithubActionsDispatchAction } =
  require('@backstage/plugin-scaffolder-backend-module-github');

const github = [{ host: 'github.com', apiBaseUrl: process.argv[2], token: 'not-a-token' }];
const integrations = ScmIntegrations.fromConfig(new ConfigReader({ integrations: { github } }));
const action = createGithubActionsDispatchAction({ integrations });
const log = (...said) => console.error(...said);

action.handler({
  input: JSON.parse(require('node:fs').readFileSync(0, 'utf8')),
  logger: { debug: log, info: log, warn: log, error: log },
  checkpoint: ({ fn }) => fn(),
  output: () => {},
}).then(
  () => process.stdout.write(JSON.stringify(action.schema.input)),
  error => {
    log(error);
    process.exit(2);
  },
);
