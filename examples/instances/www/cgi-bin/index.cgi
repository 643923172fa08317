#!/bin/busybox sh
# The page for /: which of the tasks answers, by the address that Docker's bridge gave it.
printf 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
/bin/busybox echo "Hello from a task on an instance."
/bin/busybox ip -4 -o addr show scope global | /bin/busybox awk 'NR == 1 { print "address:", $4 }'
