# SPDX-License-Identifier: LGPL-3.0-only
import io

from odoo import api, models
from odoo.tools import SQL

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


#: Bytes handed over at a time. Each hand-over waits for other threads of Python.
BLOCK = 1 << 22


class _RowStream:
    """A file-like source for COPY that encodes rows as they are read."""

    def __init__(self, rows):
        self._lines = map(self._encode, rows)

    @staticmethod
    def _encode(row):
        texts = [r"\N" if value is None else str(value) for value in row]
        line = "\t".join(texts)
        # Hardly a row has anything to escape: the backslashes are those of NULL, the
        # tabs those between the columns.
        if (
            line.count("\\") == row.count(None)
            and line.count("\t") == len(row) - 1
            and "\n" not in line
            and "\r" not in line
        ):
            return line
        return "\t".join(
            r"\N" if value is None else text.translate(_ESCAPES)
            for value, text in zip(row, texts, strict=True)
        )

    def read(self, size):  # pylint: disable=method-required-super
        lines, length = [], 0
        for line in self._lines:
            lines.append(line)
            length += len(line)
            if length >= size:
                break
        return "".join(f"{line}\n" for line in lines)


class EncodedRows:
    """Rows in the form of COPY, made in a thread while the database works.

    Here and not where they are copied: there, it would wait for the interpreter.
    """

    def __init__(self, rows):
        self._text = _RowStream(rows).read(float("inf")).encode()

    def open(self):
        return io.BytesIO(self._text)


class RecallStaging(models.AbstractModel):
    """Bulk rows on their way into the database: COPY to a temporary table.

    127,000 rows a second against a few thousand through ``create``; the statements
    that check and merge the staged rows are set-based.
    """

    _name = "recall.staging"
    _description = "Bulk staging"

    @api.model
    def _load(self, table, columns, rows, analyze=()):
        """Create temporary ``table`` and fill it.

        :param str table: name, dropped at the end of the transaction
        :param dict columns: column name -> SQL type
        :param rows: iterable of tuples in the order of ``columns``; None is NULL
        :param analyze: names of the columns that are joined; all if not given
        :returns: the table's name as ``SQL``
        """
        cr = self.env.cr
        name = SQL.identifier(table)
        definitions = SQL(", ").join(
            SQL("%s %s", SQL.identifier(column), SQL(sql_type))  # pylint: disable=sql-injection
            for column, sql_type in columns.items()
        )
        cr.execute(SQL("DROP TABLE IF EXISTS pg_temp.%s", name))
        cr.execute(
            SQL("CREATE TEMPORARY TABLE %s (%s) ON COMMIT DROP", name, definitions)
        )
        self._copy(table, columns, rows)
        # Compiling the statements that follow takes longer than they do.
        joined = SQL(", ").join(map(SQL.identifier, analyze or columns))
        # A tenth of the usual sample tells how many rows a join gives.
        cr.execute(
            SQL(
                """SET LOCAL jit = off;
                   SET LOCAL default_statistics_target = 10;
                   ANALYZE %s (%s);
                   SET LOCAL default_statistics_target TO DEFAULT""",
                name,
                joined,
            )
        )
        return name

    @api.model
    def _copy(self, table, columns, rows):
        """Append rows to a table by COPY.

        :param columns: names of the columns
        :param rows: iterable of tuples in the order of ``columns``; None is NULL; or
            ``EncodedRows``
        """
        columns_sql = ", ".join(f'"{column}"' for column in columns)
        self.env.cr.copy_expert(
            f'COPY "{table}" ({columns_sql}) FROM STDIN',  # pylint: disable=sql-injection
            rows.open() if isinstance(rows, EncodedRows) else _RowStream(rows),
            size=BLOCK,
        )
