"""The database and the stored files: transactions, tables, migrations, leader election.

May know settings, configuration, the connector contract and the base modules. Only this package
opens connections and transactions. It decides nothing about conversations.
"""
