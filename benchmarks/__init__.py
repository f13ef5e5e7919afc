"""Speed, measured beside a stock Rasa bot in the same run: `make bench` writes docs/benchmark.md."""
