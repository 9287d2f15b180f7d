# Names of the metrics. The service exports those of `metrics` in the namespace TrendingNow (infra/monitoring/metrics.yaml lists them, and a
# test compares); the one of the log namespace is counted by the filter in main.tf.

locals {
  namespace = "TrendingNow"
  metrics = {
    requests    = "HttpRequests"
    errors      = "HttpErrors"
    seconds     = "HttpRequestSeconds"
    release_age = "ReleaseAgeSeconds"
    data_age    = "DataAgeSeconds"
    llm_calls   = "LlmCalls"
    llm_errors  = "LlmErrors"
    llm_cost    = "LlmCostUsd"
    texts       = "TextsScored"
  }
  dimensions = { service = "trending-now" }

  log_namespace = "TrendingNow/Logs/${var.name}"
  error_lines   = "ErrorLines"
}
