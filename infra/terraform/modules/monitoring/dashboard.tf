locals {
  # Title, then statistic by metric. Two panels a row.
  panels = [
    { title = "Requests and failures", stats = { (local.metrics.requests) = "Sum", (local.metrics.client_errors) = "Sum", (local.metrics.server_errors) = "Sum" } },
    { title = "Seconds a request takes: half, and 99 in 100", stats = { (local.metrics.p50_seconds) = "Average", (local.metrics.p99_seconds) = "Average" } },
    { title = "Texts scored and MCP tools called", stats = { (local.metrics.texts) = "Sum", (local.metrics.tool_calls) = "Sum", (local.metrics.tool_errors) = "Sum" } },
    { title = "Language model: calls, failures, answers by rules", stats = { (local.metrics.llm_calls) = "Sum", (local.metrics.llm_errors) = "Sum", (local.metrics.llm_fallbacks) = "Sum" } },
    { title = "Language model: US dollars", stats = { (local.metrics.llm_cost) = "Sum" } },
    { title = "Seconds since release and data", stats = { (local.metrics.release_age) = "Maximum", (local.metrics.data_age) = "Maximum" } },
    { title = "Memory, bytes", stats = { (local.metrics.memory) = "Maximum" } },
    { title = "Share of containers that serve a release", stats = { (local.metrics.release_loaded) = "Average" } },
  ]
}

resource "aws_cloudwatch_dashboard" "service" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [for index, panel in local.panels : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = panel.title
          region  = var.region
          view    = "timeSeries"
          period  = 300
          metrics = [for metric, statistic in panel.stats : concat([local.namespace, metric], flatten([for key, value in local.dimensions : [key, value]]), [{ stat = statistic }])]
        }
      }],
      [{
        type   = "alarm"
        x      = 0
        y      = 6 * ceil(length(local.panels) / 2)
        width  = 24
        height = 3
        properties = {
          title  = "Alarms"
          alarms = [for alarm in concat(values(aws_cloudwatch_metric_alarm.share), values(aws_cloudwatch_metric_alarm.figure)) : alarm.arn]
        }
      }],
    )
  })
}
