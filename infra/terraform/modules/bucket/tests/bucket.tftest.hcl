# What holds for every bucket of the project, as all are made by this module.

mock_provider "aws" {}

variables {
  name              = "trending-now-test-releases-111122223333"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/example"
  access_log_bucket = "trending-now-test-access-logs-111122223333"
}

run "a_bucket_is_private" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "something public isn't blocked"
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs can still grant access"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "the policy of an ordinary bucket allows somebody something"
  }
}

run "a_bucket_answers_over_tls_only" {
  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*"
      && statement.Condition.Bool["aws:SecureTransport"] == "false"
      && toset(statement.Resource) == toset(["arn:aws:s3:::${var.name}", "arn:aws:s3:::${var.name}/*"])
    ])
    error_message = "requests without TLS aren't refused for the bucket and its objects"
  }
}

run "a_bucket_is_encrypted_with_the_key_it_is_given" {
  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn
    ])
    error_message = "objects aren't encrypted with the key"
  }
}

run "a_bucket_keeps_what_was_replaced_for_a_while" {
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "versions aren't kept"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "versions aren't kept for 90 days"
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration) == 0
    error_message = "objects in use expire"
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "a bucket that isn't empty can be destroyed by default"
  }
}

run "access_is_logged" {
  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == var.access_log_bucket
    error_message = "the access log goes elsewhere"
  }
}

run "the_bucket_of_logs_takes_them_and_lets_them_expire" {
  variables {
    kms_key_arn       = null
    access_log_bucket = null
    expiry_days       = 365
    policy_statements = [{ Sid = "TakeAccessLogs", Effect = "Allow", Principal = { Service = "logging.s3.amazonaws.com" }, Action = "s3:PutObject", Resource = "arn:aws:s3:::logs/*" }]
  }
  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0
    error_message = "it logs its own access"
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"])
    error_message = "S3 can't deliver logs under a KMS key"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 365
    error_message = "logs are kept for ever"
  }
  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == 2
    error_message = "the statement it was given is missing"
  }
}

run "a_bucket_with_a_key_must_say_where_its_access_log_goes" {
  command = plan
  variables {
    access_log_bucket = null
  }
  expect_failures = [var.access_log_bucket]
}

run "a_name_s3_would_refuse_is_refused_before" {
  command = plan
  variables {
    name = "Trending_Now"
  }
  expect_failures = [var.name]
}

run "a_mistake_can_be_undone_for_a_week_at_least" {
  command = plan
  variables {
    noncurrent_days = 1
  }
  expect_failures = [var.noncurrent_days]
}
