// Role table: serves the shared dicts, without Python.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/change_feed.h"
#include "server/reaper.h"
#include "server/role.h"
#include "server/transfers.h"
#include "server/uptime.h"
#include "table/table.h"
#include "value/to_etf.h"

namespace pyport::server {

class TableRole final : public Role {
 public:
  struct Settings {
    value::NoneAtom none = value::NoneAtom::none;
    std::size_t max_frame = 0;
    std::uint64_t max_table_bytes = 0;  // for INFO
  };

  // The references must outlive the role.
  TableRole(table::Table& table, Reaper& reaper, ChangeFeed& feed, const Settings& settings);

  Status perform(const protocol::Request& request, Answer& answer) override;

 private:
  struct Visitor;

  table::Table& table_;
  Reaper& reaper_;
  ChangeFeed& feed_;
  const value::ToEtfOptions options_;
  const std::uint64_t max_table_bytes_;
  const std::size_t whole_bytes_;  // up to here a binary is one reply
  const std::size_t part_bytes_;
  Transfers transfers_;
  const Uptime uptime_;
};

}  // namespace pyport::server
