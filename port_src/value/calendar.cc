#include "value/calendar.h"

#include <cstdio>
#include <cstdlib>

namespace pyport::value {
namespace {

int days_of(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool between(std::int64_t least, std::int64_t value, std::int64_t most) {
  return least <= value && value <= most;
}

}  // namespace

std::optional<Date> read_date(ByteSpan bytes) {
  if (bytes.size() != 4) return std::nullopt;
  const Date date{load_u16(bytes.data()), bytes[2], bytes[3]};
  if (!between(1, date.year, 9999) || !between(1, date.month, 12)) return std::nullopt;
  if (!between(1, date.day, days_of(date.year, date.month))) return std::nullopt;
  return date;
}

std::optional<Time> read_time(ByteSpan bytes) {
  if (bytes.size() != 6) return std::nullopt;
  const Time time{bytes[0], bytes[1], bytes[2], (bytes[3] << 16) | load_u16(&bytes[4])};
  if (time.hour > 23 || time.minute > 59 || time.second > 59 || time.microsecond > 999999)
    return std::nullopt;
  return time;
}

std::string rfc3339(const Date& date, const Time& time, int minutes_east) {
  char text[80];
  int size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month,
                           date.day, time.hour, time.minute, time.second);
  if (time.microsecond != 0)
    size += std::snprintf(text + size, sizeof text - size, ".%06d", time.microsecond);
  const int offset = std::abs(minutes_east);
  std::snprintf(text + size, sizeof text - size, "%c%02d:%02d", minutes_east < 0 ? '-' : '+', offset / 60,
                offset % 60);
  return text;
}

std::optional<Bytes> microseconds(std::int64_t days, std::int64_t seconds, std::int64_t rest) {
  constexpr std::int64_t kMostDays = 999999999;
  constexpr std::int64_t kMillion = 1000000;
  if (!between(-kMostDays, days, kMostDays) || !between(0, seconds, 86399) || !between(0, rest, kMillion - 1))
    return std::nullopt;
  __extension__ using Wide = __int128;
  const Wide all = Wide{days * 86400 + seconds} * kMillion + rest;
  Bytes digits(sizeof all);
  std::memcpy(digits.data(), &all, sizeof all);
  // Most fit an integer of 64 bits.
  if (all == static_cast<std::int64_t>(all)) digits.resize(8);
  return digits;
}

}  // namespace pyport::value
