"""The audit of a bundle, or of a database by its checkpoint: what is proven, and whether its answers are its rules'.

`engine.proof.verify` says whether the bundle is whole and unaltered; on that same way every entry's place is noted, and
then case by case is replayed. Must not be known here: terminals, databases, how a case is judged.
"""

from adapters.inbound.audit.bundle import Anchor, audit_bundle
from adapters.inbound.audit.database import audit_database
from adapters.inbound.audit.members import NotAudited, is_folder_or_zip

__all__ = ["Anchor", "NotAudited", "audit_bundle", "audit_database", "is_folder_or_zip"]
