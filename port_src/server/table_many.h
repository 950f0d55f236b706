// Requests for many keys of one dict at once: GET_MANY, SET_MANY, DEL_MANY, ITEMS,
// TRANSACT.
//
// Thread safety: as the role that calls them.
#pragma once

#include "protocol/request.h"
#include "server/role.h"
#include "table/table.h"
#include "value/to_etf.h"

namespace pyport::server {

// Each appends its reply, or returns what failed. A bad_term tells the key first.
Status get_many(const table::Table& table, const protocol::GetMany& request,
                const value::ToEtfOptions& options, Answer& answer);
Status set_many(table::Table& table, const protocol::SetMany& request, Answer& answer);
Status del_many(table::Table& table, const protocol::DelMany& request, Answer& answer);
// OK; or a VALUE: which of the keys that were read is another by now, from 1, or 0: the dict as a whole.
Status transact(table::Table& table, const protocol::Transact& request, Answer& answer);
Status items(const table::Table& table, const protocol::Items& request, const value::ToEtfOptions& options,
             Answer& answer);

}  // namespace pyport::server
