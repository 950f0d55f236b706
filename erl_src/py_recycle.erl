%% @private When an OS process of a pool has done enough: `max_calls' and `max_rss'. Pure.
-module(py_recycle).

-include("py_protocol.hrl").

-export([new/1, question/1, answered/1, informed/2, is_idle/1]).

-export_type([recycle/0, why/0, verdict/0]).

-record(recycle, {max_calls :: pos_integer(), max_rss :: pos_integer() | infinity, calls = 0 :: non_neg_integer()}).
-opaque recycle() :: off | #recycle{}.    % off: no limits, or due already
-type why() :: {max_calls | max_rss, pos_integer()}.
-type verdict() :: same | {not_due, recycle()} | {ask, recycle()} | {due, why(), recycle()}.
%% `ask': for an INFO, at once.

-define(NEVER, 1 bsl 64).

-spec new(py_pool_config:options() | #{}) -> recycle().
new(#{max_calls := infinity, max_rss := infinity}) -> off;
new(#{max_calls := MaxCalls, max_rss := MaxRss}) -> #recycle{max_calls = number(MaxCalls), max_rss = MaxRss};
new(#{}) -> off.

number(infinity) -> ?NEVER;
number(N) -> N.

%% @doc What a heartbeat asks for: INFO tells the bytes, and the calls that have no replies (casts).
-spec question(recycle()) -> py_protocol:op().
question(off) -> ?OP_PING;
question(#recycle{}) -> ?OP_INFO.

%% @doc After one more reply. Not each is a call's, so when there were enough INFO decides.
-spec answered(recycle()) -> verdict().
answered(off) -> same;
answered(#recycle{calls = Calls, max_calls = Max} = Recycle) when Calls + 1 =:= Max ->
    {ask, Recycle#recycle{calls = Max}};
answered(#recycle{calls = Calls} = Recycle) -> {not_due, Recycle#recycle{calls = Calls + 1}}.

%% @doc After an INFO.
-spec informed(map(), recycle()) -> verdict().
informed(#{rss := Rss}, #recycle{max_rss = Max}) when Rss >= Max -> {due, {max_rss, Rss}, off};
informed(#{calls := Calls}, #recycle{max_calls = Max}) when Calls >= Max -> {due, {max_calls, Calls}, off};
informed(#{calls := Calls}, #recycle{} = Recycle) -> {not_due, Recycle#recycle{calls = Calls}};
informed(_, _) -> same.

%% @doc Whether no job runs and none waits.
-spec is_idle(map()) -> boolean().
is_idle(#{interpreters := Interpreters}) ->
    not lists:any(fun(#{busy := Busy, jobs_waiting := Waiting}) -> Busy orelse Waiting > 0 end, Interpreters).
