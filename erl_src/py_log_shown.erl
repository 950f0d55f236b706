%% @private Lets our log domains through the default handler of `logger'.
%%
%% As OTP delivers it, that handler lets only events pass that have no domain or one of OTP's: what Python prints
%% would be seen by nobody. So one filter for each of our domains is put behind its own. A handler that was
%% configured otherwise is left alone: filters of one's own come first, and can stop or keep what they like.
-module(py_log_shown).

-export([ensure/1]).

-define(HANDLER, default).

%% @doc Called again it puts the filters anew. `Domains' are those to be shown, with all below them.
-spec ensure([{FilterId :: atom(), Domain :: [atom()]}]) -> ok.
ensure(Domains) ->
    case logger:get_handler_config(?HANDLER) of
        {ok, Config} -> ensure(is_as_delivered(Config), Domains);
        {error, _} -> ok
    end.

ensure(false, _) -> ok;
ensure(true, Domains) ->
    lists:foreach(fun({Id, Domain}) ->
                          _ = logger:remove_handler_filter(?HANDLER, Id),
                          Filter = {fun logger_filters:domain/2, {log, sub, Domain}},
                          _ = logger:add_handler_filter(?HANDLER, Id, Filter)
                  end, Domains).

%% The two filters by which kernel sets it up, and everything else stopped.
is_as_delivered(#{filter_default := stop, filters := Filters}) ->
    lists:keymember(domain, 1, Filters) andalso lists:keymember(no_domain, 1, Filters);
is_as_delivered(_) -> false.
