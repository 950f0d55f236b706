%% The clock that Erlang and Python share in the linearizability tests: CLOCK_MONOTONIC itself, as Python's
%% time.monotonic_ns() reads it. (erlang:monotonic_time/1 counts from elsewhere, and is corrected.)
-module(linear_clock).

-export([now_ns/0, wait_until/1]).

-spec now_ns() -> integer().
now_ns() ->
    {time, Time} = lists:keyfind(time, 1, erlang:system_info(os_monotonic_time_source)),
    erlang:convert_time_unit(Time, native, nanosecond).

%% @doc To the microsecond, so it does not sleep.
-spec wait_until(integer()) -> ok.
wait_until(Moment) ->
    case now_ns() >= Moment of
        true -> ok;
        false -> wait_until(Moment)
    end.
