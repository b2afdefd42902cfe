# Who reaches the port. Nothing goes out: RDS opens no connections of its own.

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5:It is attached to the instance, together with one of the network's own if there is one.
  name        = local.identifier
  description = "PostgreSQL of ${local.identifier}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "cluster" {
  for_each = var.cluster_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from the nodes of ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "peered" {
  for_each = toset(var.peered_cidrs)

  security_group_id = aws_security_group.this.id
  description       = "PostgreSQL from the peered ${each.key}"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
}
