// The baseline of `leadgate-bench scale`: jobs in PostgreSQL, added and worked by graphile-worker. A job makes one request, which creates a contact.
//
//   node jobs.js prepare                        makes the tables
//   node jobs.js add SECONDS AT_ONCE NAME       adds jobs for so long, so many calls of addJob under way at once, each call a commit of its own;
//                                               says how many as a line of JSON
//   node jobs.js fill COUNT                     adds so many jobs in one statement
//   node jobs.js work AT_ONCE [LOCAL_QUEUE]     works on jobs until it is ended; with the size of a local queue, it fetches and completes many at once
//
// POSTGRES is the address of the database; UPSTREAM the base address of a CRM's API, and FRESHSALES_API_KEY its key.
'use strict';

const http = require('node:http');
const { Pool } = require('pg');
const { Logger, makeWorkerUtils, run } = require('graphile-worker');

const quiet = new Logger(() => () => {});

function pool(size) {
  const made = new Pool({ connectionString: process.env.POSTGRES, max: size });
  const fail = (error) => {
    throw error;
  };
  made.on('error', fail);
  made.on('connect', (client) => client.on('error', fail));
  return made;
}

function lead(name) {
  return { email: `${name}@example.com`, first_name: 'Ada', last_name: 'King' };
}

async function add(seconds, atOnce, name) {
  const pgPool = pool(atOnce);
  const utils = await makeWorkerUtils({ pgPool, logger: quiet });
  await Promise.all(Array.from({ length: atOnce }, () => pgPool.query('SELECT 1')));
  const began = Date.now();
  const deadline = began + seconds * 1000;
  let added = 0;
  const caller = async (place) => {
    for (let number = 0; Date.now() < deadline; number += 1) {
      await utils.addJob('create_contact', lead(`${name}x${place}x${number}`));
      added += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, place) => caller(place)));
  console.log(JSON.stringify({ added, seconds: (Date.now() - began) / 1000 }));
  await utils.release();
  await pgPool.end();
}

async function fill(count) {
  const pgPool = pool(1);
  const sql = `SELECT count(graphile_worker.add_job('create_contact', json_build_object(
    'email', 'filled' || number || '@example.com', 'first_name', 'Ada', 'last_name', 'King')))
    FROM generate_series(1, $1::int) AS number`;
  await pgPool.query(sql, [count]);
  await pgPool.end();
}

/** Creates a contact, over a connection that is kept open. */
function createContact(agent, contact) {
  const body = JSON.stringify({ contact });
  const headers = {
    Authorization: `Token token=${process.env.FRESHSALES_API_KEY}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const request = http.request(`${process.env.UPSTREAM}/contacts`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode < 300 ? resolve() : reject(new Error(`answered ${response.statusCode}`))));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function work(atOnce, localQueue) {
  const agent = new http.Agent({ keepAlive: true });
  const preset = {
    worker: {
      concurrentJobs: atOnce,
      ...(localQueue ? { localQueue: { size: localQueue }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {}),
    },
  };
  const runner = await run({
    pgPool: pool(atOnce + 2),
    logger: quiet,
    preset,
    taskList: { create_contact: (contact) => createContact(agent, contact) },
  });
  await runner.promise;
}

async function prepare() {
  const pgPool = pool(1);
  const utils = await makeWorkerUtils({ pgPool, logger: quiet });
  await utils.migrate();
  await utils.release();
  await pgPool.end();
}

const [what, ...rest] = process.argv.slice(2);
const commands = {
  prepare,
  add: () => add(Number(rest[0]), Number(rest[1]), rest[2]),
  fill: () => fill(Number(rest[0])),
  work: () => work(Number(rest[0]), Number(rest[1] ?? 0)),
};
commands[what]().catch((error) => {
  console.error(error);
  process.exit(1);
});
