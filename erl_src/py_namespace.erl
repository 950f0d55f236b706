%% @private Where the calling process runs its code: its home in a pool, which holds what its code defined, or the
%% least busy OS process for a call that needs nothing of that.
-module(py_namespace).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([find/3, renew/4]).

-type where() :: home | any.
-type found() :: {ok, py_context:context(), Ns :: pos_integer(), py_tables:place()}
               | none_up | timeout | {down, term()}.

-spec find(atom(), where(), timeout()) -> found().
find(Pool, home, Timeout) -> in(Pool, home, Timeout);
find(Pool, any, Timeout) ->
    case py_context:ports(Pool) of
        [] -> none_up;
        [_] -> in(Pool, home, Timeout);
        Contexts -> in(Pool, place(Pool, least_busy(Contexts)), Timeout)
    end.

place(Pool, #context{incarnation = Incarnation}) ->
    case py_tables:namespace(self(), Pool, home) of
        {_, Incarnation} -> home;
        _ -> Incarnation
    end.

least_busy(Contexts) ->
    {_, Least} = lists:min([{in_flight(Context), Context} || Context <- Contexts]),
    Least.

%% A number is less than the atom that a dead one's table gives.
in_flight(#context{pending = Pending}) -> py_pending:size(Pending).

in(Pool, Place, Timeout) ->
    case py_tables:namespace(self(), Pool, Place) of
        {Ns, Incarnation} ->
            case py_context:port(Pool, Incarnation) of
                {ok, Context} -> {ok, Context, Ns, Place};
                gone -> told(py_owner:namespace(Pool, Place, Timeout), Pool, Place, Timeout)
            end;
        none -> told(py_owner:namespace(Pool, Place, Timeout), Pool, Place, Timeout)
    end.

%% @doc Another one, after the port program said that it does not know this one.
-spec renew(atom(), py_tables:place(), pos_integer(), timeout()) -> found().
renew(Pool, Place, Ns, Timeout) -> told(py_owner:renew_namespace(Pool, Place, Ns, Timeout), Pool, Place, Timeout).

told({ok, Context, Ns, Told, Lost}, Pool, Place, Timeout) ->
    ok = py_lost:tell(Lost, Pool),
    made_known(Told, Context, Ns, Place, Timeout);
told(Failure, _, _, _) -> Failure.

made_known(told, Context, Ns, Place, _) -> {ok, Context, Ns, Place};
made_known(untold, Context, Ns, Place, Timeout) ->
    case py_request:post_within(Context, ?OP_NS_NEW, ?FLAG_NO_REPLY, py_protocol:encode([Ns]), Timeout) of
        timeout -> timeout;
        _ -> {ok, Context, Ns, Place}   % when it is down the caller will find out
    end.
