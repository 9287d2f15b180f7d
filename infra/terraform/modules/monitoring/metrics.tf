# Names of the metrics. The service exports those of `metrics` (infra/monitoring/metrics.yaml lists them, and a test compares), one set for each
# value of TRENDING_SERVICE_NAME; the one of the log namespace is counted by the filter in main.tf.

locals {
  namespace = "TrendingNow"
  metrics = {
    requests       = "Requests"
    client_errors  = "ClientErrors"
    server_errors  = "ServerErrors"
    p50_seconds    = "RequestSecondsP50"
    p99_seconds    = "RequestSecondsP99"
    texts          = "TextsScored"
    tool_calls     = "ToolCalls"
    tool_errors    = "ToolErrors"
    llm_calls      = "LlmCalls"
    llm_errors     = "LlmErrors"
    llm_fallbacks  = "LlmFallbacks"
    llm_cost       = "LlmCostUsd"
    release_loaded = "ReleaseLoaded"
    release_age    = "ReleaseAgeSeconds"
    data_age       = "DataAgeSeconds"
    memory         = "ResidentMemoryBytes"
  }
  dimensions = { service = var.name }

  log_namespace = "TrendingNow/Logs/${var.name}"
  error_lines   = "ErrorLines"
}
