#!/bin/busybox sh
# The page for /: httpd runs this where the folder has no index.html.
busybox=/bin/busybox
# What is shown comes from the image, from the kernel and from the load balancer's own header, HTML's signs taken out.
plain() { "$busybox" tr -dc 'A-Za-z0-9 .,:/_-'; }
token=$("$busybox" head -c 200 "${TOKEN_FILE:-/token}" | plain)
addresses=$("$busybox" ip -4 -o addr show scope global | "$busybox" awk '{ print $4 }' | "$busybox" tr '\n' ' ' | plain)
client=$(echo "${HTTP_X_FORWARDED_FOR:-nobody: no load balancer stood between}" | plain)

printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
"$busybox" cat <<HTML
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello from a private subnet</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
body { max-width: 40rem; margin: 10vh auto; padding: 0 1rem }
dt { font-weight: 600; margin-top: 1rem }
dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
</style>
</head>
<body>
<main>
<h1>Hello from a private subnet</h1>
<p>This container has no public address and no NAT gateway. Its image and its logs went through VPC endpoints.</p>
<dl>
<dt>Token in the image</dt><dd id="token">$token</dd>
<dt>The container's address</dt><dd id="address">${addresses:-unknown}</dd>
<dt>Forwarded for</dt><dd id="client">$client</dd>
</dl>
</main>
</body>
</html>
HTML
