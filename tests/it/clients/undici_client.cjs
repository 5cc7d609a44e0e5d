// Node's undici through a proxy: what came back, as JSON.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { Readable } = require('node:stream');
const { gunzipSync } = require('node:zlib');
const { ProxyAgent, request } = require('undici');

const task = JSON.parse(process.argv[2]);
const dispatcher = new ProxyAgent({ uri: task.proxy, requestTls: { ca: readFileSync(task.ca) } });

async function* parts() {
  for (let number = 0; number < 40; number++) yield Buffer.alloc(5000, number);
}

async function call(url, options) {
  const response = await request(url, { dispatcher, ...options });
  let body = Buffer.from(await response.body.arrayBuffer());
  if (response.headers['content-encoding'] === 'gzip') body = gunzipSync(body);
  return { status: response.statusCode, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
}

(async () => {
  const backend = `https://${task.backend}`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + task.token };
  const seen = [];
  seen.push(await call(`https://${task.advertiser}/echo`, { method: 'POST', headers, body: task.json }));
  seen.push(await call(`${backend}/bytes/${task.length}`));
  seen.push(await call(`${backend}/echo`, { method: 'POST', body: Readable.from(parts()) }));
  seen.push(await call(`${backend}/gzip`));
  console.log(JSON.stringify(seen));
  await dispatcher.close();
})();
