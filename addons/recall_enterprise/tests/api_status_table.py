# SPDX-License-Identifier: LGPL-3.0-only
"""Every code of annex B and who answers it; read without Odoo by tests/system too."""

#: Code -> what is done to get it (a method of ``TestApiStatus``).
APPLICATION = {
    -1: "break_the_work",
    200: "ask_properly",
    401: "ask_from_an_address_that_is_not_listed",
    402: "leave_the_interface_name_out",
    403: "show_a_wrong_token",
    404: "name_no_interface",
    405: "show_an_expired_token",
    406: "ask_for_an_archived_producer",
    407: "send_no_json",
    408: "show_the_token_of_another_interface",
    409: "ask_without_a_key_file",
    410: "show_a_token_of_nobody",
    501: "break_the_database",
    502: "send_a_get_request",
    503: "answer_what_is_no_json",
}
#: Code -> what is done to get it from the gateway (tests/system/test_gateway.py).
GATEWAY = {
    429: "ask_too_often",
    500: "fill_the_gateway_s_buffer",
    501: "stop_the_server_behind",
}
