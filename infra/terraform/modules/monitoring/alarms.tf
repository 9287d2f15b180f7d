# What alarms. Shares need two figures, everything else one; both kinds are lists, so that a new alarm is an entry.

locals {
  day = 86400

  shares = {
    failing-requests = {
      text      = "More than ${var.limits.error_percent} % of requests end in 5xx: see the service's log for the last release or image, and roll back"
      part      = local.metrics.errors
      whole     = local.metrics.requests
      threshold = var.limits.error_percent
    }
    failing-llm = {
      text      = "More than ${var.limits.llm_error_percent} % of calls of the language model fail; rules answer instead"
      part      = local.metrics.llm_errors
      whole     = local.metrics.llm_calls
      threshold = var.limits.llm_error_percent
    }
  }

  figures = {
    slow-requests = {
      text      = "The slowest 1 % of requests take more than ${var.limits.p99_seconds} s"
      namespace = local.namespace, metric = local.metrics.seconds, statistic = "p99", period = 300, periods = 3, missing = "notBreaching"
      threshold = var.limits.p99_seconds
    }
    llm-cost = {
      text      = "The language model costs more than ${var.limits.llm_usd_per_hour} US dollars an hour"
      namespace = local.namespace, metric = local.metrics.llm_cost, statistic = "Sum", period = 3600, periods = 1, missing = "notBreaching"
      threshold = var.limits.llm_usd_per_hour
    }
    stale-release = {
      text      = "The release being served is older than ${var.limits.release_days} days: has training failed?"
      namespace = local.namespace, metric = local.metrics.release_age, statistic = "Maximum", period = 3600, periods = 1, missing = "ignore"
      threshold = var.limits.release_days * local.day
    }
    stale-data = {
      text      = "The data of the release being served are older than ${var.limits.data_days} days: has ingestion failed?"
      namespace = local.namespace, metric = local.metrics.data_age, statistic = "Maximum", period = 3600, periods = 1, missing = "ignore"
      threshold = var.limits.data_days * local.day
    }
    error-lines = {
      text      = "The service logs errors"
      namespace = local.log_namespace, metric = local.error_lines, statistic = "Sum", period = 300, periods = 1, missing = "notBreaching"
      threshold = 5
    }
    # The age of the release is written as long as the service lives, asked or not.
    silence = {
      text      = "No figures for 15 minutes: the service isn't running, or can't write its log"
      namespace = local.namespace, metric = local.metrics.release_age, statistic = "SampleCount", period = 300, periods = 3, missing = "breaching"
      threshold = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each            = local.shares
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
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
  comparison_operator = each.value.statistic == "SampleCount" ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = each.value.threshold
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.namespace == local.namespace ? local.dimensions : {}
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
