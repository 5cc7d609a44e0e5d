"""httpx through a proxy: what came back, as JSON."""
import hashlib, inspect, json, sys
import httpx

task = json.loads(sys.argv[1])
# The argument was renamed in httpx 0.26.
name = "proxy" if "proxy" in inspect.signature(httpx.Client.__init__).parameters else "proxies"
seen = []


def keep(response):
    digest = hashlib.sha256(response.content).hexdigest()
    seen.append({"status": response.status_code, "bytes": len(response.content), "sha256": digest})


def parts():
    for number in range(40):
        yield bytes([number]) * 5000


with httpx.Client(verify=task["ca"], trust_env=False, timeout=60, **{name: task["proxy"]}) as client:
    keep(client.post(f"https://{task['advertiser']}/echo", content=task["json"].encode(),
                     headers={"Content-Type": "application/json", "Authorization": "Bearer " + task["token"]}))
    keep(client.get(f"https://{task['backend']}/bytes/{task['length']}"))
    keep(client.post(f"https://{task['backend']}/echo", content=parts()))
    keep(client.get(f"https://{task['backend']}/gzip"))
print(json.dumps(seen))
