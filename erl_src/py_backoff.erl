%% @private How long to wait before a port program is started again. Pure.
%%
%% What was up for a while, or has answered somebody, is started at once, however often it dies. What dies as
%% soon as it is up, or never comes up, is started at once a few times and then at ever longer intervals,
%% without end: a supervisor that gives up would take the dicts and the other pools with it.
-module(py_backoff).

-export([new/0, died/3]).

-export_type([backoff/0, role/0]).

-type role() :: table | python.
-opaque backoff() :: Quick :: non_neg_integer().   % quick deaths, one after the other

-define(SERVED, 1000).      % milliseconds after which a death is no quick one
-define(AT_ONCE, 3).
-define(FIRST, 100).

-spec new() -> backoff().
new() -> 0.

%% @doc After a death: the milliseconds to wait. `Up' is how long it had been up, `never' if it did not start,
%% `served' if it was of use in that time.
-spec died(role(), Up :: non_neg_integer() | never | served, backoff()) -> {non_neg_integer(), backoff()}.
died(_, served, _) -> {0, 0};
died(_, Up, _) when is_integer(Up), Up >= ?SERVED -> {0, 0};
died(Role, _, Quick) -> {delay(Role, Quick + 1), Quick + 1}.

delay(_, Quick) when Quick =< ?AT_ONCE -> 0;
delay(Role, Quick) -> min(longest(Role), ?FIRST bsl min(20, Quick - ?AT_ONCE - 1)).

%% The table's port starts within milliseconds, and everybody needs it.
longest(table) -> 100;
longest(python) -> 3000.
