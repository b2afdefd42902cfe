# From the function to PostgreSQL and to Secrets Manager, and nowhere else.

resource "aws_security_group" "function" {
  # checkov:skip=CKV2_AWS_5:It is the function's.
  name        = local.name
  description = "The function ${local.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.function.id
  description                  = "PostgreSQL"
  referenced_security_group_id = var.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = var.database_security_group_id
  description                  = "PostgreSQL from ${local.name}"
  referenced_security_group_id = aws_security_group.function.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

# Subnets of a database usually have no way out. Without private DNS, so that nobody else's calls of
# Secrets Manager come this way: the function knows the endpoint's own name.
resource "aws_vpc_endpoint" "secrets" {
  for_each = var.secrets_endpoint ? { this = true } : {}

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.secretsmanager"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = false
  subnet_ids          = var.subnet_ids
  security_group_ids  = [for group in aws_security_group.endpoint : group.id]
  policy              = data.aws_iam_policy_document.endpoint.json

  tags = { Name = local.name }
}

data "aws_iam_policy_document" "endpoint" {
  # checkov:skip=CKV_AWS_283:The function's role alone, by its ARN; a principal here would be replaced by an id that a new role does not have.
  statement {
    sid       = "OnlyTheFunctionsRole"
    actions   = ["secretsmanager:*"]
    resources = [local.secrets, var.admin_secret_arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [aws_iam_role.this.arn]
    }
  }
}

resource "aws_security_group" "endpoint" {
  # checkov:skip=CKV2_AWS_5:It is the endpoint's.
  for_each = var.secrets_endpoint ? { this = true } : {}

  name        = "${local.name}-endpoint"
  description = "Secrets Manager for ${local.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "endpoint" {
  for_each = aws_security_group.endpoint

  security_group_id            = each.value.id
  description                  = "HTTPS from ${local.name}"
  referenced_security_group_id = aws_security_group.function.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "endpoint" {
  for_each = aws_security_group.endpoint

  security_group_id            = aws_security_group.function.id
  description                  = "Secrets Manager"
  referenced_security_group_id = each.value.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = var.secrets_endpoint ? {} : { this = true }

  security_group_id = aws_security_group.function.id
  description       = "Secrets Manager, the way that the subnets have"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
