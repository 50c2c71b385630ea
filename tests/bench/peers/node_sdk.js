// A peer: the same job with the official client and node-postgres, written as well as its author could: one process, a
// kept connection on both sides, the answer staged by unnest in batches, the difference found in SQL, one transaction.
//
// A line on standard input asks for a cycle; the answer is a line of JSON. Settings are one JSON object, the only argument.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const sdk = require('@luzmo/nodejs-sdk');
const { Client } = require('pg');

const settings = JSON.parse(process.argv[2]);
const Luzmo = sdk.default || sdk;
const luzmo = new Luzmo({ api_key: settings.key, api_token: settings.token, host: settings.host, port: settings.port });
const postgres = new Client({
  host: settings.socket,
  port: settings.server_port,
  database: settings.database,
  user: 'rollcall',
});

const BATCH = 10000;
const QUESTION = {
  where: {},
  attributes: ['id', 'name'],
  include: [
    { model: 'User', attributes: ['email', 'name', 'city', 'country_id', 'locale_id', 'created_at', 'flag_plan', 'id'] },
  ],
};

// Column, type, and where the value stands in a user of the answer.
const COLUMNS = [
  ['user_id', 'uuid', (user) => user.id],
  ['email', 'text', (user) => user.email],
  ['name', 'text', (user) => user.name],
  ['city', 'text', (user) => user.city],
  ['country_id', 'text', (user) => user.country_id],
  ['locale_id', 'text', (user) => user.locale_id],
  ['flag_plan', 'text', (user) => user.flag_plan],
  ['user_created_at', 'timestamptz', (user) => user.created_at],
  ['flag_member', 'boolean', (user) => user.organizationRole.flagMember],
  ['flag_editor', 'boolean', (user) => user.organizationRole.flagEditor],
  ['flag_own', 'boolean', (user) => user.organizationRole.flagOwn],
  ['flag_admin', 'boolean', (user) => user.organizationRole.flagAdmin],
  ['role_created_at', 'timestamptz', (user) => user.organizationRole.created_at],
  ['role_updated_at', 'timestamptz', (user) => user.organizationRole.updated_at],
];

const STAGE_BATCH = {
  name: 'stage_batch',
  text: `INSERT INTO stage (${COLUMNS.map(([column]) => column).join(', ')})
         SELECT * FROM unnest(${COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})`,
};

const read = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8');

async function stage(users) {
  for (let from = 0; from < users.length; from += BATCH) {
    const batch = users.slice(from, from + BATCH);
    await postgres.query({ ...STAGE_BATCH, values: COLUMNS.map(([, , value]) => batch.map((user) => value(user) ?? null)) });
  }
}

async function cycle(apply) {
  const answer = await luzmo.get('organization', QUESTION);
  if (!Array.isArray(answer.rows) || answer.rows.length !== 1) throw new Error('the answer has no row');
  await postgres.query('BEGIN');
  await stage(answer.rows[0].users);
  await postgres.query(apply);
  await postgres.query('COMMIT');
  return answer.rows[0].users.length;
}

async function main() {
  await postgres.connect();
  await postgres.query('SET client_min_messages = warning');
  await postgres.query(read('stage.sql'));
  const apply = read('apply.sql').replaceAll('{organization}', settings.organization);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    console.log(JSON.stringify({ members: await cycle(apply) }));
  }
  await postgres.end();
}

main().catch((error) => {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exit(1);
});
