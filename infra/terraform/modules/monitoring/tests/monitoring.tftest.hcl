mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = {
      arn = "arn:aws:sns:eu-central-1:111122223333:trending-now-test-alarms"
    }
  }
}

variables {
  name         = "trending-now-test"
  account_id   = "111122223333"
  region       = "eu-central-1"
  kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/example"
  log_days     = 30
  alarm_emails = ["on-call@example.org"]
}

run "logs_are_encrypted_and_expire" {
  assert {
    condition     = aws_cloudwatch_log_group.service.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.service.retention_in_days == 30
    error_message = "logs aren't encrypted, or are kept for ever"
  }
  assert {
    condition     = output.log_group.arn == "arn:aws:logs:eu-central-1:111122223333:log-group:${aws_cloudwatch_log_group.service.name}"
    error_message = "the ARN isn't that of the log group"
  }
}

run "every_alarm_tells_somebody_when_it_begins_and_when_it_ends" {
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.share), values(aws_cloudwatch_metric_alarm.figure)) :
      toset(alarm.alarm_actions) == toset([aws_sns_topic.alarms.arn]) && toset(alarm.ok_actions) == toset([aws_sns_topic.alarms.arn]) && alarm.alarm_description != ""
    ])
    error_message = "an alarm that nobody hears of"
  }
  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.email : subscription.endpoint]) == toset(var.alarm_emails)
    error_message = "an address isn't subscribed"
  }
}

run "every_metric_is_of_this_service_and_known" {
  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.figure :
      alarm.namespace == "TrendingNow" ? contains(values(local.metrics), alarm.metric_name) && alarm.dimensions == tomap(local.dimensions) : alarm.metric_name == aws_cloudwatch_log_metric_filter.error_lines.metric_transformation[0].name
    ])
    error_message = "an alarm waits for a metric nobody writes"
  }
  assert {
    condition = alltrue(flatten([for alarm in aws_cloudwatch_metric_alarm.share : [
      for query in alarm.metric_query : [for metric in query.metric : contains(values(local.metrics), metric.metric_name) && metric.dimensions == tomap(local.dimensions)]
    ]]))
    error_message = "an alarm waits for a metric nobody writes"
  }
}

run "a_service_that_falls_silent_is_noticed" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.figure["silence"].treat_missing_data == "breaching"
    error_message = "a dead service alarms nobody"
  }
}

run "two_environments_in_one_account_are_told_apart" {
  assert {
    condition     = local.dimensions == { service = "trending-now-test" }
    error_message = "one environment's figures alarm for the other"
  }
}

run "only_this_accounts_alarms_publish" {
  assert {
    condition     = jsondecode(aws_sns_topic_policy.alarms.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "another account may publish"
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn
    error_message = "alarms aren't encrypted"
  }
}

run "limits_can_be_changed_one_by_one" {
  variables {
    limits = { release_days = 30 }
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.figure["stale-release"].threshold == 30 * 86400 && aws_cloudwatch_metric_alarm.figure["stale-data"].threshold == 7 * 86400
    error_message = "the limit isn't the one that was given"
  }
}

run "a_number_of_days_cloudwatch_lacks_is_refused" {
  command = plan
  variables {
    log_days = 10
  }
  expect_failures = [var.log_days]
}

run "a_limit_that_always_alarms_is_refused" {
  command = plan
  variables {
    limits = { error_percent = 0 }
  }
  expect_failures = [var.limits]
}

run "an_address_that_isnt_one_is_refused" {
  command = plan
  variables {
    alarm_emails = ["on-call"]
  }
  expect_failures = [var.alarm_emails]
}
