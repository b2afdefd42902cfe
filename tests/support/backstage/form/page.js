// The form of a template as Backstage's scaffolder shows it: a page for each of its `parameters`,
// rendered by rjsf with ajv-errors, then a review, then the values that it would send.
//
// The template is `window.template`; what is sent is `window.sent`.
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import Form from '@rjsf/core';
import { customizeValidator } from '@rjsf/validator-ajv8';
import ajvErrors from 'ajv-errors';

const validator = customizeValidator();
ajvErrors(validator.ajv);

// Backstage takes what starts with `ui:` out of a schema and gives it to rjsf beside it.
function apart(schema) {
  const plain = {};
  const ui = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith('ui:')) ui[key] = value;
    else if (key === 'properties') {
      plain.properties = {};
      for (const [name, property] of Object.entries(value)) {
        [plain.properties[name], ui[name]] = apart(property);
      }
    } else plain[key] = value;
  }
  return [plain, ui];
}

function Wizard({ template }) {
  const pages = template.spec.parameters.map(apart);
  const [at, go] = useState(0);
  const [values, keep] = useState({});
  const back = h('button', { type: 'button', disabled: at === 0, onClick: () => go(at - 1) }, 'Back');
  if (at === pages.length) {
    const rows = Object.entries(values).map(([name, value]) =>
      h('tr', { key: name }, h('th', null, name), h('td', null, String(value))));
    const send = () => { window.sent = values; };
    return h('section', { id: 'review' },
      h('h2', null, 'Review'),
      h('table', null, h('tbody', null, rows)),
      back, h('button', { id: 'create', onClick: send }, 'Create'));
  }
  const [schema, uiSchema] = pages[at];
  return h(Form, {
    key: at,
    schema,
    uiSchema,
    validator,
    formData: values,
    noHtml5Validate: true,
    showErrorList: false,
    onChange: event => keep(before => ({ ...before, ...event.formData })),
    onSubmit: event => {
      keep(before => ({ ...before, ...event.formData }));
      go(at + 1);
    },
  }, h('footer', null, back, h('button', { type: 'submit' }, at + 1 === pages.length ? 'Review' : 'Next')));
}

createRoot(document.getElementById('root')).render(h(Wizard, { template: window.template }));
