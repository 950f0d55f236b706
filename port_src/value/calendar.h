// Dates and times as the pickles of Python's datetime module have them.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace pyport::value {

struct Date {
  int year, month, day;
};
struct Time {
  int hour, minute, second, microsecond;
};

// Of four and six bytes; nothing when there are more or less, or it is no date or time. A time that an hour
// repeats (fold=1) has bit 7 of its month or hour set, which is out of range: Erlang has no form for it.
std::optional<Date> read_date(ByteSpan bytes);
std::optional<Time> read_time(ByteSpan bytes);

// "2026-11-21T10:00:00+01:00", with six digits behind the point unless they are all 0.
std::string rfc3339(const Date& date, const Time& time, int minutes_east);

// Microseconds of a timedelta, two's complement, lowest byte first; nothing when it is not in the normal form
// that Python keeps.
std::optional<Bytes> microseconds(std::int64_t days, std::int64_t seconds, std::int64_t rest);

}  // namespace pyport::value
