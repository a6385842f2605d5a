"""The one order in which all transactions of PostgreSQL take what others may wait for.

Two transactions that each hold what the other waits for never end by themselves. They cannot come
to that when all take their locks in one order:

1. The entry of the journal, by its unique key.
2. Names (`Transaction.lock`), in the order of `NAMES`, and within a prefix by the name. A name that
   is locked already may be locked again. Only a transaction that holds `links` locks more than one
   `contact:`: no other one waits for a person while it holds another.
3. Rows, in the order of `TABLES`, and within a table by their ids. A row that is locked or was
   inserted by the transaction itself may be changed at any time. Rows of `GUARDED` tables have no
   place in the order: only the transaction that holds the `contact:` of their person changes them;
   and so those of `GUARDED_BY_DELIVERY`, by the row of the delivery.

`contact:` is followed by the id of the root contact, and stands for the person: who holds it starts
or merges no second conversation of that person at the same time. Rows of other tables than these
are changed by one kind of transaction each, which locks nothing after them.

SQLite has one writer at a time and no locks to put in order.
"""

from __future__ import annotations

#: The prefixes of names.
NAMES = ("digests", "address:", "links", "offer:", "contact:")
#: Tables whose rows are locked by several kinds of transactions.
TABLES = ("agent", "delivery", "conversation", "message")
#: Tables whose rows only the transaction changes that holds their person's name.
GUARDED = ("contact", "address", "reach")
#: Tables whose rows only the transaction changes that has locked the delivery of their message.
GUARDED_BY_DELIVERY = ("external_id",)
