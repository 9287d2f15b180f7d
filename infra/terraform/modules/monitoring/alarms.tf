# What alarms. Shares need two figures, everything else one; both kinds are lists, so that a new alarm is an entry.

locals {
  day = 86400

  shares = {
    failing-requests = {
      text    = "More than ${var.limits.error_percent} % of requests end in 5xx: read the service's log, and roll the image or the release back"
      part    = local.metrics.server_errors
      whole   = local.metrics.requests
      percent = var.limits.error_percent
    }
    failing-tools = {
      text    = "More than ${var.limits.error_percent} % of calls of MCP tools fail, and not by the caller's mistake"
      part    = local.metrics.tool_errors
      whole   = local.metrics.tool_calls
      percent = var.limits.error_percent
    }
    failing-llm = {
      text    = "More than ${var.limits.llm_error_percent} % of calls of the language model fail; rules answer instead"
      part    = local.metrics.llm_errors
      whole   = local.metrics.llm_calls
      percent = var.limits.llm_error_percent
    }
  }

  # Above `above` or below `below`; a period in which the metric is missing counts as `missing` says.
  figures = {
    slow-requests = {
      text      = "The slowest 1 % of requests take more than ${var.limits.p99_seconds} s"
      namespace = local.namespace, metric = local.metrics.p99_seconds, statistic = "Average"
      above     = var.limits.p99_seconds, below = null, period = 300, periods = 3, missing = "notBreaching"
    }
    llm-cost = {
      text      = "The language model costs more than ${var.limits.llm_usd_per_hour} US dollars an hour"
      namespace = local.namespace, metric = local.metrics.llm_cost, statistic = "Sum"
      above     = var.limits.llm_usd_per_hour, below = null, period = 3600, periods = 1, missing = "notBreaching"
    }
    stale-release = {
      text      = "The release being served is older than ${var.limits.release_days} days: has training failed?"
      namespace = local.namespace, metric = local.metrics.release_age, statistic = "Maximum"
      above     = var.limits.release_days * local.day, below = null, period = 3600, periods = 1, missing = "ignore"
    }
    stale-data = {
      text      = "What is trending was last known more than ${var.limits.data_days} days ago: has ingestion failed?"
      namespace = local.namespace, metric = local.metrics.data_age, statistic = "Maximum"
      above     = var.limits.data_days * local.day, below = null, period = 3600, periods = 1, missing = "ignore"
    }
    no-release = {
      text      = "A container serves no release: is there one, and is it whole (run.py release verify)?"
      namespace = local.namespace, metric = local.metrics.release_loaded, statistic = "Minimum"
      above     = null, below = 1, period = 300, periods = 2, missing = "ignore"
    }
    # Written every minute as long as the service lives, asked or not.
    silence = {
      text      = "No figures for 15 minutes: the service isn't running, or can't write its log"
      namespace = local.namespace, metric = local.metrics.release_loaded, statistic = "SampleCount"
      above     = null, below = 1, period = 300, periods = 3, missing = "breaching"
    }
    error-lines = {
      text      = "The service has logged more than 5 errors in 5 minutes"
      namespace = local.log_namespace, metric = local.error_lines, statistic = "Sum"
      above     = 5, below = null, period = 300, periods = 1, missing = "notBreaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each            = local.shares
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.percent
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    expression  = "100 * part / whole"
    label       = "Percent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { part = each.value.part, whole = each.value.whole }
    content {
      id = metric_query.key
      metric {
        namespace   = local.namespace
        metric_name = metric_query.value
        dimensions  = local.dimensions
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "figure" {
  for_each            = local.figures
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  comparison_operator = each.value.below == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = coalesce(each.value.above, each.value.below)
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.namespace == local.namespace ? local.dimensions : {}
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
