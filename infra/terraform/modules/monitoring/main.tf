# The service's logs, what is read out of them, and who is told. The service writes its figures as embedded metrics (EMF) into its log, from
# where CloudWatch takes them: nothing has to be scraped, and the service needs no permission for it.

resource "aws_cloudwatch_log_group" "service" {
  #checkov:skip=CKV_AWS_338:A year is kept in prod; staging's logs are of no use to anybody after a month.
  name              = "/${var.name}/service"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

# Lines the service itself calls errors: what no figure of its own counts, such as a release that can't be loaded.
resource "aws_cloudwatch_log_metric_filter" "error_lines" {
  name           = "${var.name}-error-lines"
  log_group_name = aws_cloudwatch_log_group.service.name
  pattern        = "{ $.level = \"error\" || $.level = \"critical\" }"
  metric_transformation {
    name          = local.error_lines
    namespace     = local.log_namespace
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = toset(var.alarm_emails)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}
