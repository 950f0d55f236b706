%% @private Who owns what: dicts and namespaces by owner. Pure; py_owner is the thin part around it.
%%
%% Every owner in the state has something, and one monitor. A dict carries the incarnation of the table's file
%% that it was made in, a namespace that of the OS process that it lives in.
-module(py_owners).

-export([new/0, is_owner/2, add_owner/3, add_dict/4, remove_dict/2, dicts_of/2, remove_owner/2, count/1]).
-export([add_namespace/6, remove_namespaces/3, remove_pool/2, namespaces_of/2, least_used/2]).
-export([reconcile/3]).

-export_type([owners/0, things/0, namespace/0]).

-type bits() :: py_handle:bits().
-type incarnation() :: pos_integer().
-type ns() :: pos_integer().
-type place() :: py_tables:place().
-type namespace() :: {Pool :: atom(), place(), ns(), incarnation()}.
-type things() :: #{dicts := [{bits(), incarnation()}], namespaces := [namespace()]}.
-type monitors() :: [reference()].

-record(owner, {monitor :: reference(),
                dicts = #{} :: #{bits() => incarnation()},
                namespaces = #{} :: #{{atom(), place()} => {ns(), incarnation()}}}).
-record(owners, {by_pid = #{} :: #{pid() => #owner{}},
                 by_dict = #{} :: #{bits() => pid()},
                 homes = #{} :: #{incarnation() => pos_integer()}}).   % namespaces that are somebody's home
-opaque owners() :: #owners{}.

-spec new() -> owners().
new() -> #owners{}.

-spec is_owner(pid(), owners()) -> boolean().
is_owner(Pid, #owners{by_pid = ByPid}) -> is_map_key(Pid, ByPid).

%% @doc Adds an owner that is not there yet, with its monitor. Something must be added for it next.
-spec add_owner(pid(), reference(), owners()) -> owners().
add_owner(Pid, Monitor, #owners{by_pid = ByPid} = Owners) when not is_map_key(Pid, ByPid) ->
    Owners#owners{by_pid = ByPid#{Pid => #owner{monitor = Monitor}}}.

%% @doc Forgets an owner that died; gives what it had.
-spec remove_owner(pid(), owners()) -> {things(), owners()}.
remove_owner(Pid, #owners{by_pid = ByPid, by_dict = ByDict, homes = Homes} = Owners) ->
    case ByPid of
        #{Pid := #owner{dicts = Dicts, namespaces = Namespaces}} ->
            {#{dicts => maps:to_list(Dicts), namespaces => listed(Namespaces)},
             Owners#owners{by_pid = maps:remove(Pid, ByPid), by_dict = maps:without(maps:keys(Dicts), ByDict),
                           homes = maps:fold(fun moved_out/3, Homes, Namespaces)}};
        #{} -> {#{dicts => [], namespaces => []}, Owners}
    end.

listed(Namespaces) ->
    [{Pool, Place, Ns, Incarnation} || {{Pool, Place}, {Ns, Incarnation}} <- maps:to_list(Namespaces)].

-spec count(owners()) -> #{owners := non_neg_integer(), dicts := non_neg_integer()}.
count(#owners{by_pid = ByPid, by_dict = ByDict}) -> #{owners => map_size(ByPid), dicts => map_size(ByDict)}.

%% The monitors of owners that have nothing left are to be ended.
settle(Pid, #owner{dicts = Dicts, namespaces = Namespaces, monitor = Monitor}, #owners{by_pid = ByPid} = Owners)
  when map_size(Dicts) =:= 0, map_size(Namespaces) =:= 0 ->
    {[Monitor], Owners#owners{by_pid = maps:remove(Pid, ByPid)}};
settle(Pid, Owner, #owners{by_pid = ByPid} = Owners) ->
    {[], Owners#owners{by_pid = ByPid#{Pid := Owner}}}.

%%% Dicts

%% @doc REQUIRES: the pid is an owner.
-spec add_dict(pid(), bits(), incarnation(), owners()) -> owners().
add_dict(Pid, Bits, Incarnation, #owners{by_pid = ByPid, by_dict = ByDict} = Owners) ->
    #{Pid := #owner{dicts = Dicts} = Owner} = ByPid,
    Owners#owners{by_pid = ByPid#{Pid := Owner#owner{dicts = Dicts#{Bits => Incarnation}}},
                  by_dict = ByDict#{Bits => Pid}}.

%% @doc Forgets a dict; gives the monitors that are to be ended.
-spec remove_dict(bits(), owners()) -> {monitors(), owners()}.
remove_dict(Bits, #owners{by_pid = ByPid, by_dict = ByDict} = Owners) ->
    case ByDict of
        #{Bits := Pid} ->
            #{Pid := #owner{dicts = Dicts} = Owner} = ByPid,
            Rest = Owner#owner{dicts = maps:remove(Bits, Dicts)},
            settle(Pid, Rest, Owners#owners{by_dict = maps:remove(Bits, ByDict)});
        #{} -> {[], Owners}
    end.

%% @doc How many dicts of that file the process owns.
-spec dicts_of(pid(), owners()) -> non_neg_integer().
dicts_of(Pid, #owners{by_pid = ByPid}) ->
    case ByPid of
        #{Pid := #owner{dicts = Dicts}} -> map_size(Dicts);
        #{} -> 0
    end.

%% @doc What to do when the table has these dicts, and the rows say who owns which: `destroy' what nobody owns, and
%% `forget' the rows of this incarnation whose dict is no more. Rows of others are of lost dicts, and stay. What Python
%% processes made needs no owner.
-spec reconcile([bits()], [{bits(), pid(), incarnation()}], incarnation()) ->
          #{destroy := [bits()], forget := [bits()]}.
reconcile(InTable, Rows, Incarnation) ->
    Owned = maps:from_list([{Bits, owned} || {Bits, _, Made} <- Rows, Made =:= Incarnation]),
    Present = maps:from_list([{Bits, present} || Bits <- InTable]),
    #{destroy => [Bits || Bits <- InTable, py_handle:is_made_here(Bits), not is_map_key(Bits, Owned)],
      forget => [Bits || Bits <- maps:keys(Owned), not is_map_key(Bits, Present)]}.

%%% Namespaces

%% @doc Gives the owner a namespace in place of the one it had there. REQUIRES: the pid is an owner.
-spec add_namespace(pid(), atom(), place(), ns(), incarnation(), owners()) -> owners().
add_namespace(Pid, Pool, Place, Ns, Incarnation, #owners{by_pid = ByPid, homes = Homes} = Owners) ->
    #{Pid := #owner{namespaces = Namespaces} = Owner} = ByPid,
    Key = {Pool, Place},
    Left = maps:fold(fun moved_out/3, Homes, maps:with([Key], Namespaces)),
    Owners#owners{by_pid = ByPid#{Pid := Owner#owner{namespaces = Namespaces#{Key => {Ns, Incarnation}}}},
                  homes = moved_in(Key, Incarnation, Left)}.

moved_in({_, home}, Incarnation, Homes) -> maps:update_with(Incarnation, fun(N) -> N + 1 end, 1, Homes);
moved_in(_, _, Homes) -> Homes.

moved_out({_, home}, {_, Incarnation}, Homes) ->
    case Homes of
        #{Incarnation := 1} -> maps:remove(Incarnation, Homes);
        #{Incarnation := N} -> Homes#{Incarnation := N - 1}
    end;
moved_out(_, _, Homes) -> Homes.

-spec namespaces_of(pid(), owners()) -> [namespace()].
namespaces_of(Pid, #owners{by_pid = ByPid}) ->
    case ByPid of
        #{Pid := #owner{namespaces = Namespaces}} -> listed(Namespaces);
        #{} -> []
    end.

%% @doc Takes these away from the owner. REQUIRES: something is left to it.
-spec remove_namespaces(pid(), [{atom(), place()}], owners()) -> owners().
remove_namespaces(Pid, Keys, #owners{by_pid = ByPid, homes = Homes} = Owners) ->
    #{Pid := #owner{namespaces = Namespaces} = Owner} = ByPid,
    Left = maps:fold(fun moved_out/3, Homes, maps:with(Keys, Namespaces)),
    Owners#owners{by_pid = ByPid#{Pid := Owner#owner{namespaces = maps:without(Keys, Namespaces)}}, homes = Left}.

%% @doc Takes all namespaces of a pool away; gives the monitors that are to be ended.
-spec remove_pool(atom(), owners()) -> {monitors(), owners()}.
remove_pool(Pool, #owners{by_pid = ByPid} = Owners) ->
    maps:fold(fun(Pid, #owner{namespaces = Namespaces}, {Monitors, Acc}) ->
                      Keys = [Key || {Of, _} = Key <- maps:keys(Namespaces), Of =:= Pool],
                      #owners{by_pid = #{Pid := Rest}} = Without = remove_namespaces(Pid, Keys, Acc),
                      {More, Settled} = settle(Pid, Rest, Without),
                      {More ++ Monitors, Settled}
              end, {[], Owners}, ByPid).

%% @doc Which of these OS processes the fewest have their home in; the first of them.
-spec least_used([incarnation(), ...], owners()) -> incarnation().
least_used(Incarnations, #owners{homes = Homes}) ->
    {_, Least} = lists:min([{maps:get(Incarnation, Homes, 0), Incarnation} || Incarnation <- Incarnations]),
    Least.
