"""Undo: what an agent changed in conversations at once, recorded and put back as one.

What changes several fields or conversations (a macro, a bulk action) begins a record once, and
makes each change inside `record_changes`, one conversation per transaction:

    record_id = store.write(lambda tx: recording.begin_record(tx, "Close as spam", author))
    for conversation_id in ids:
        store.write(
            lambda tx: recording.record_changes(
                tx,
                record_id,
                conversation_id,
                lambda: actions.change_conversation(tx, conversation_id, changes, author),
            )
        )

`record_id` is the `undo` of its answer, and `POST /undo/{record_id}` puts everything back.
"""
