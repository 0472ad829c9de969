#!/bin/sh
# Cuts STREAMS streams off at random points (default: 1000). The head of streams.py explains SEED.
exec python3 ./long/streams.py
