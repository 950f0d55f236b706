%% @private Until when something is waited for.
-module(py_deadline).

-export([is_timeout/1, from_timeout/1, left/1]).

-export_type([deadline/0]).

-type deadline() :: integer() | infinity.   % milliseconds of the monotonic clock

%% @doc Whether it is `infinity' or milliseconds that a receive may wait.
-spec is_timeout(term()) -> boolean().
is_timeout(infinity) -> true;
is_timeout(Timeout) -> is_integer(Timeout) andalso Timeout >= 0 andalso Timeout =< 16#ffffffff.

%% @doc That long from now.
-spec from_timeout(timeout()) -> deadline().
from_timeout(infinity) -> infinity;
from_timeout(Timeout) -> erlang:monotonic_time(millisecond) + Timeout.

%% @doc How long it is until then, in milliseconds; 0 when it is over.
-spec left(deadline()) -> timeout().
left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).
