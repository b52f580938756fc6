// npm's @pagerduty/pdjs, as it is: lists, creates, changes and removes; sends an event and a change.
// Words: account key, routing key, service id, escalation policy id, the owner's e-mail. Prints what it found as JSON.
const { api, event, change, trigger, resolve } = require('@pagerduty/pdjs');

const [token, key, service, policy, owner] = process.argv.slice(2);
const pd = api({ token });

async function main() {
  const found = {};
  const users = await pd.get('/users', { data: { limit: 1, total: true } });
  found.total = users.data.total;
  found.first = users.resource.length;
  const all = await pd.all('/users', { data: { limit: 2 } });
  found.all = all.resource.length;
  const name = `pdjs-${process.pid}-${Date.now()}`;
  const held = { id: policy, type: 'escalation_policy_reference' };
  const made = await pd.post('/services', { data: { service: { type: 'service', name, escalation_policy: held } } });
  found.made = [made.response.status, made.resource.name === name];
  const put = await pd.put(`/services/${made.resource.id}`, { data: { service: { description: 'Changed' } } });
  found.changed = put.resource.description;
  found.removed = (await pd.delete(`/services/${made.resource.id}`)).response.status;
  found.gone = (await pd.get(`/services/${made.resource.id}`)).data.error.code;
  const body = { type: 'incident', title: name, service: { id: service, type: 'service_reference' } };
  const incident = await pd.post('/incidents', { headers: { From: owner }, data: { incident: body } });
  found.incident = incident.resource.status;
  const payload = { summary: name, source: 'pdjs', severity: 'info' };
  const opened = await event({ data: { routing_key: key, event_action: 'trigger', payload } });
  found.event = [opened.response.status, opened.data.status];
  const shorthand = await trigger({ data: { routing_key: key, dedup_key: name, payload } });
  const closed = await resolve({ data: { routing_key: key, dedup_key: name } });
  found.resolved = [shorthand.data.dedup_key === name, closed.data.dedup_key === name];
  const told = await change({ data: { routing_key: key, payload: { summary: name, source: 'ci' } } });
  found.change = told.response.status;
  console.log(JSON.stringify(found));
}

main().catch(error => { console.error(error); process.exit(1); });
