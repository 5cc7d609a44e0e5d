"""python-requests through a proxy: what came back, as JSON."""
import hashlib, json, sys
import requests

task = json.loads(sys.argv[1])
session = requests.Session()
session.trust_env = False
session.proxies = {"http": task["proxy"], "https": task["proxy"]}
session.verify = task["ca"]
seen = []


def keep(response):
    digest = hashlib.sha256(response.content).hexdigest()
    seen.append({"status": response.status_code, "bytes": len(response.content), "sha256": digest})


def parts():
    for number in range(40):
        yield bytes([number]) * 5000


keep(session.post(f"https://{task['advertiser']}/echo", data=task["json"].encode(),
                  headers={"Content-Type": "application/json", "Authorization": "Bearer " + task["token"]}))
keep(session.get(f"https://{task['backend']}/bytes/{task['length']}"))
keep(session.post(f"https://{task['backend']}/echo", data=parts()))
keep(session.get(f"https://{task['backend']}/gzip"))
print(json.dumps(seen))
