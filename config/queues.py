"""The names under which serving processes and workers find each other in the broker."""

QUEUE = "doorward"
DELIVER = "doorward.deliver"
PURGE = "doorward.purge"
