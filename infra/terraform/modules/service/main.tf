# The service: API, page and MCP server in one container, on ECS Express Mode or on App Runner. Inputs and outputs are the same for both.

locals {
  express = var.service_kind == "ecs_express"

  # Express gives an address with or without its scheme and slash.
  express_url = try("https://${trimsuffix(trimprefix(aws_ecs_express_gateway_service.this[0].ingress_paths[0].endpoint, "https://"), "/")}", null)
  runner_url  = try("https://${aws_apprunner_service.this[0].service_url}", null)
}
