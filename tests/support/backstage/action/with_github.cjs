// node --require with_github.cjs dry-run.cjs …, with KIT naming the directory of dry-run.cjs
//
// Registers the GitHub actions with the scaffolder that the dry run starts, as an installation of
// Backstage does, so that it knows `github:actions:dispatch`.
'use strict';
const { createRequire } = require('node:module');

const utils = createRequire(`${process.env.KIT}/`)('@backstage/backend-test-utils');
const { startTestBackend } = utils;
utils.startTestBackend = options => startTestBackend({
  ...options,
  features: [...options.features, require('@backstage/plugin-scaffolder-backend-module-github')],
});
