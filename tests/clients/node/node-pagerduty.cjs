// npm's node-pagerduty, as it is: users, schedules, services, incidents and events.
// Words: account key, routing key, service id, escalation policy id, the owner's e-mail. Prints what it found as JSON.
const Client = require('node-pagerduty');

const [token, key, service, policy, owner] = process.argv.slice(2);
const pd = new Client(token);
const body = answer => (typeof answer.body === 'string' && answer.body ? JSON.parse(answer.body) : answer.body);

async function main() {
  const found = {};
  found.abilities = body(await pd.abilities.listAbilities()).abilities.includes('teams');
  found.tested = (await pd.abilities.testAbility('teams')).statusCode;
  found.vendors = body(await pd.vendors.listVendors()).vendors.length > 5;
  found.priorities = body(await pd.priorities.listPriorities()).priorities.length;
  const name = `node-pagerduty-${process.pid}-${Date.now()}`;
  const user = { user: { type: 'user', name, email: `${name}@example.com` } };
  const made = await pd.users.createUser(owner, user);
  const id = body(made).user.id;
  found.user = [made.statusCode, body(await pd.users.getUser(id)).user.email === user.user.email];
  found.listed = body(await pd.users.listUsers({ query: name })).users.map(one => one.id === id);
  found.removed = (await pd.users.deleteUser(id)).statusCode;
  const held = { id: policy, type: 'escalation_policy_reference' };
  const shop = body(await pd.services.createService({ service: { type: 'service', name, escalation_policy: held } })).service;
  const wayIn = { integration: { type: 'generic_events_api_inbound_integration', name: 'v1' } };
  found.integration = (await pd.services.createIntegration(shop.id, wayIn)).statusCode;
  found.service = (await pd.services.deleteService(shop.id)).statusCode;
  const asked = { incident: { type: 'incident', title: name, service: { id: service, type: 'service_reference' } } };
  const incident = body(await pd.incidents.createIncident(owner, asked)).incident;
  found.note = (await pd.incidents.createNote(incident.id, owner, { note: { content: 'Looking' } })).statusCode;
  const resolved = { incident: { type: 'incident_reference', status: 'resolved' } };
  found.resolved = body(await pd.incidents.updateIncident(incident.id, owner, resolved)).incident.status;
  found.entries = body(await pd.incidents.listLogEntries(incident.id)).log_entries.length > 1;
  const payload = { summary: name, source: 'node', severity: 'error' };
  found.event = (await pd.events.sendEvent({ routing_key: key, event_action: 'trigger', payload })).status;
  console.log(JSON.stringify(found));
}

main().catch(error => { console.error(error); process.exit(1); });
