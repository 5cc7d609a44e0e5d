// Synchronous on purpose: the page counts as loaded only once the advertiser has answered.
const request = new XMLHttpRequest();
request.open('POST', 'https://t.ads-of-asia.example/echo', false);
request.setRequestHeader('Content-Type', 'text/plain');
request.send(JSON.stringify({ email: 'quilla.canary7741@example.com' }));
document.getElementById('told').textContent = 'status ' + request.status + ', echo ' + request.responseText.length;
