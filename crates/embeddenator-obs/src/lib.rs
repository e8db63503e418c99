//! Measures: metrics with stable names, timers of high resolution, latency histograms, Prometheus and JSON output.
