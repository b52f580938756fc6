"""What tables alone do not say: sequences, the catch-all partition, the lanes' leases, the clock's row."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LANES = 64


def upgrade() -> None:
    op.execute("CREATE SEQUENCE IF NOT EXISTS incident_numbers")
    op.execute("CREATE SEQUENCE IF NOT EXISTS intake_segment_ids")
    op.execute("CREATE TABLE intake_segments_default PARTITION OF intake_segments DEFAULT")
    op.execute(sa.text(f"INSERT INTO intake_leases (lane, token) SELECT n, 0 FROM generate_series(0, {LANES - 1}) n"))
    op.execute("INSERT INTO clock (id, ahead) VALUES (1, interval '0')")


def downgrade() -> None:
    op.execute("DELETE FROM clock")
    op.execute("DELETE FROM intake_leases")
    op.execute("DROP TABLE intake_segments_default")
    op.execute("DROP SEQUENCE intake_segment_ids")
    op.execute("DROP SEQUENCE incident_numbers")
