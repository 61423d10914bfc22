// The baseline of the benchmarks: what an app's own Express server does with a submitted lead.
//
// Without UPSTREAM it answers from memory, which is the least such a server can do. With UPSTREAM (the base address of a CRM's API, as in
// http://127.0.0.1:4000/api) and FRESHSALES_API_KEY it looks the address up and creates a lead if nobody is found, one request each.
// It keeps nothing, counts no requests and tries nothing twice: that is the program people start from.
//
// HOST and PORT say where it listens. Port 0, the default, takes a free one; the line on standard output names it.
'use strict';

const axios = require('axios');
const express = require('express');

/** Counts up; there is no CRM behind it. */
function memory() {
  let lastId = 0;
  return {
    async findContact() {
      return undefined;
    },
    async createLead() {
      lastId += 1;
      return lastId;
    },
  };
}

/** The account at `baseURL`: one HTTP request for each of the two questions. */
function upstream(baseURL, apiKey) {
  const crm = axios.create({
    baseURL,
    headers: { Authorization: `Token token=${apiKey}`, 'Content-Type': 'application/json' },
  });
  return {
    async findContact(email) {
      const { data } = await crm.get('/search', { params: { q: email } });
      // Classic accounts answer with `{contacts: [...]}`, later ones with a list of records of any kind.
      const found = Array.isArray(data) ? data.filter((record) => record.type === 'contact') : data.contacts;
      return found?.[0]?.id;
    },
    async createLead(lead) {
      const { data } = await crm.post('/leads', { lead });
      return data.lead.id;
    },
  };
}

function leadFrom({ email, firstName, lastName, company, source }) {
  const lead = { email, first_name: firstName, last_name: lastName ?? '', lead_source_name: source ?? 'Web' };
  return company ? { ...lead, company: { name: company } } : lead;
}

function application(account) {
  const app = express();
  app.use(express.json());

  app.post('/leads', async (request, response) => {
    const { email, firstName } = request.body;
    if (!email || !firstName) {
      response.status(400).json({ error: 'email and firstName are required' });
      return;
    }
    try {
      const contactId = await account.findContact(email);
      if (contactId !== undefined) {
        response.json({ success: true, existing: true, contactId });
        return;
      }
      const leadId = await account.createLead(leadFrom(request.body));
      response.json({ success: true, existing: false, leadId });
    } catch (error) {
      response.status(500).json({ error: error.message });
    }
  });

  app.get('/health', (request, response) => {
    response.json({ status: 'ok' });
  });

  return app;
}

function accountFromEnvironment({ UPSTREAM, FRESHSALES_API_KEY }) {
  if (!UPSTREAM) {
    return memory();
  }
  if (!FRESHSALES_API_KEY) {
    throw new Error('UPSTREAM is set, so FRESHSALES_API_KEY must be set too');
  }
  return upstream(UPSTREAM, FRESHSALES_API_KEY);
}

function main() {
  const account = accountFromEnvironment(process.env);
  const server = application(account).listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1', () => {
    const { address, port } = server.address();
    console.log(`listening on http://${address}:${port}`);
  });
  const stop = () => server.close(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main();
